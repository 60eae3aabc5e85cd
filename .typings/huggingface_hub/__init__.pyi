# What jaxgan/trained/hub.py uses of huggingface_hub, which need not be installed.
from pathlib import Path

class CommitInfo:
    commit_url: str

class HfApi:
    def whoami(self) -> dict[str, object]: ...

def hf_hub_download(repo_id: str, filename: str, *, revision: str | None = None) -> str: ...
def create_repo(repo_id: str, *, private: bool | None = None, exist_ok: bool = False) -> object: ...
def upload_folder(
    *, repo_id: str, folder_path: str | Path, commit_message: str | None = None
) -> CommitInfo: ...
