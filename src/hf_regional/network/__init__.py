"""Network: requests in, parsed answers out; politely, within a budget, and never waiting for ever.

client = HttpClient(timeout_s=60, retry=Retry(attempts=4))
client.json("POST", "http://localhost:8000/v1/chat/completions", {"model": "m", "messages": []})

for place, reply in each(ask, prompts, workers=16):     # as they come in, 16 at a time
    ...

found = download_pictures(urls, Path("pictures"), Manners("Ani Wijaya, ani@example.org"))     # politely, and never twice
"""

from hf_regional.network.client import HttpClient as HttpClient
from hf_regional.network.concurrently import each as each
from hf_regional.network.downloading import Downloader as Downloader
from hf_regional.network.downloading import Pictures as Pictures
from hf_regional.network.downloading import download_pictures as download_pictures
from hf_regional.network.manners import Manners as Manners
from hf_regional.network.retrying import Retry as Retry
from hf_regional.network.shelf import Fetched as Fetched
from hf_regional.network.shelf import Shelf as Shelf
from hf_regional.network.spending import Spending as Spending

__all__ = ["Downloader", "Fetched", "HttpClient", "Manners", "Pictures", "Retry", "Shelf", "Spending", "download_pictures", "each"]
