"""`jaxgan prepare`: a data set from a folder, an archive or arrays."""
