"""The journal's SQL, a file for each table or question. Functions over one connection; called by `store.journal` alone."""
