"""The adapters: one folder for each kind of system, beside the transport and the paging they share."""
