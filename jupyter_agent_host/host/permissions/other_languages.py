"""Code in other languages by its tokens: harmless only if every function that it calls is on a list."""

# ruff: noqa: SIM905 - as in `python_names`

from __future__ import annotations

import re

from jupyter_agent_host.host.permissions.risk_findings import Findings, RiskClass
from jupyter_agent_host.host.permissions.text_literals import judge_text

_TEXT = re.compile(r"#[^\n]*|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL)
"""Comments and texts in one pass: whichever begins first holds the other."""

_OBSCURE = {
    "r": re.compile(r"\b[rR][\"']"),  # raw strings
    "julia": re.compile(r"#=|\"\"\"|'|\$"),  # nested comments, triple quotes, transpositions, interpolation
}
_CALL = re.compile(r"(?<![\w.])([A-Za-z_.][\w.]*)[!]?\s*\(")
_WORD = re.compile(r"(?<![\w.])[A-Za-z_.][\w.]*")
_MACRO = re.compile(r"@(\w+)")

_R = frozenset(
    "c list vector numeric character logical integer factor matrix array data.frame tibble mean median sum min max var "
    "sd quantile summary head tail str names colnames rownames nrow ncol dim length seq seq_len seq_along rep rev sort "
    "order unique table cut ifelse is.na is.null paste paste0 sprintf format round floor ceiling abs sqrt exp "
    "log log10 "
    "cor lm glm predict anova t.test aggregate merge subset with within apply sapply lapply vapply tapply "
    "mapply Reduce "
    "Filter Map which which.max which.min print cat nchar substr toupper tolower gsub sub grepl strsplit as.numeric "
    "as.integer as.character as.factor as.Date plot hist barplot boxplot lines points abline legend par ggplot aes "
    "geom_point geom_line geom_bar geom_histogram geom_boxplot facet_wrap labs theme theme_minimal filter "
    "select mutate "
    "summarise summarize group_by arrange left_join inner_join count n pivot_longer pivot_wider function if for while "
    "switch return set.seed rnorm runif rbinom sample colMeans rowMeans colSums rowSums cbind rbind typeof class "
    "read.csv".split()
)
_JULIA = frozenset(
    "println print show display sum mean median std var maximum minimum extrema length size ndims zeros ones fill rand "
    "randn range collect map filter reduce foldl sort sort! unique push append first last round floor ceil abs "
    "sqrt exp "
    "log sin cos tan DataFrame describe names nrow ncol select combine groupby transform join string parse Int Float64 "
    "Dict Set Vector Matrix Array push! append! typeof isa isempty haskey get plot scatter histogram bar if for while "
    "function".split()
)
_SAFE = {"r": _R, "julia": _JULIA}
_PACKAGES = frozenset(
    "dplyr tidyr ggplot2 tibble stringr forcats lubridate purrr stats graphics Statistics DataFrames Random "
    "LinearAlgebra "
    "StatsBase Plots Dates Printf".split()
)
_LOADERS = {
    "r": re.compile(r"\b(?:library|require)\s*\(\s*(\w+)\s*\)"),
    "julia": re.compile(r"^\s*using\s+(\w+)\s*$", re.MULTILINE),
}
_WORDS: dict[RiskClass, str] = {
    "shell": "system system2 shell shell.exec pipe run pipeline spawn Cmd detach",
    "delete": "unlink file.remove file.rename rm mv rmprocs",
    "network": "download.file url socketConnection download curl httr HTTP Downloads Sockets nsl browseURL",
    "install": "install.packages remotes devtools pak BiocManager renv Pkg Conda",
    "files": "write writeLines write.csv write.table saveRDS save dump sink file.create file.copy dir.create "
    "setwd open "
    "CSV.write touch mkdir mkpath cp chmod cd ggsave pdf png file fwrite",
    "secrets": "Sys.getenv Sys.setenv ENV",
    "code": "eval evalq parse source do.call match.fun get mget exists getFunction load readRDS dyn.load "
    ".Internal .Call "
    ".External .C .Primitive Recall body environment assign attach ccall include Meta invokelatest getfield "
    "getproperty "
    "setattr loadNamespace requireNamespace import reticulate RCall PyCall unsafe_load Core Base Main rlang",
}
_RISKY: dict[str, RiskClass] = {word: risk for risk, words in _WORDS.items() for word in words.split()}


def judge_tokens(source: str, language: str, findings: Findings) -> None:
    """Add what the words of the code say. A language without a list is not understood."""
    safe = _SAFE.get(language)
    if safe is None:
        findings.add("unknown", f"code in {language or 'an unknown language'}")
        return
    if _OBSCURE[language].search(source):
        findings.add("hidden", "text or comments that may hide code")
    for text in _TEXT.findall(source):
        if not text.startswith("#"):
            judge_text(text[1:-1], findings)
    code = _TEXT.sub(lambda found: "" if found[0].startswith("#") else '""', source)
    _judge_signs(code, findings)
    code = _LOADERS[language].sub(lambda found: "" if found[1] in _PACKAGES else found[0], code)
    _judge_words(code, safe, findings)


def _judge_signs(code: str, findings: Findings) -> None:
    for sign in ("\\", "::", ";", "<<-"):
        if sign in code:
            findings.add("hidden", sign)
    if "`" in code:
        findings.add("shell", "`")
    if '"' in code.replace('""', "") or "'" in code:
        findings.add("unknown", "a text without an end")


def _judge_words(code: str, safe: frozenset[str], findings: Findings) -> None:
    for word in _WORD.findall(code):
        if word in _RISKY:
            findings.add(_RISKY[word], word)
    for macro in _MACRO.findall(code):
        if macro not in ("show", "time", "assert"):
            findings.add("code", f"@{macro}")
    defined = re.findall(r"(?<!\w)(\w+)\s*(?:<-|=)\s*function\b|function\s+(\w+)", code)
    own = {name for pair in defined for name in pair if name}
    for name in _CALL.findall(code):
        if name not in safe and name not in own and name not in _RISKY:
            findings.add("unknown", f"{name}(…)")
