"""`jaxgan sample`: sheets, walks and files of a trained generator."""
