"""The journal: every event, transcript entry and cost of one data folder, durable before anybody sees it.

`journal.py` is where one enters; one thread writes in groups (`group_commit_writer.py`), a few connections read. What
comes out are the frozen rows of `rows.py`, what goes in the items of `new_items.py`; the statements are in `tables/`.
"""
