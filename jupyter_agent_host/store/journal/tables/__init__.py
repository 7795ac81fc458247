"""The journal's SQL, a file for each table or question: functions over one connection, called by `store.journal`."""
