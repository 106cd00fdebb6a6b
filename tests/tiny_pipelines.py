"""A tiny random Stable Diffusion XL: both text encoders and tokenizers, the added times and sizes, a VAE, a scheduler."""

from typing import Any

import pytest
import torch
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from tiny_processors import clip_words

WORDS = {
    "vocab_size": 54,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 8,
    "projection_dim": 16,
    "bos_token_id": 52,
    "eos_token_id": 53,
    "pad_token_id": 53,
}


def stable_diffusion_xl() -> Any:
    diffusers = pytest.importorskip("diffusers")
    return diffusers.StableDiffusionXLPipeline(
        vae=diffusers.AutoencoderKL(
            block_out_channels=(8, 8),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            norm_num_groups=4,
            sample_size=16,
        ),
        text_encoder=CLIPTextModel(CLIPTextConfig(**WORDS)),
        text_encoder_2=CLIPTextModelWithProjection(CLIPTextConfig(**WORDS)),
        tokenizer=clip_words(),
        tokenizer_2=clip_words(),
        unet=diffusers.UNet2DConditionModel(
            sample_size=8,
            block_out_channels=(8, 16),
            layers_per_block=1,
            norm_num_groups=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            attention_head_dim=(2, 4),
            use_linear_projection=True,
            cross_attention_dim=32,  # both encoders' 16
            addition_embed_type="text_time",
            addition_time_embed_dim=4,
            projection_class_embeddings_input_dim=40,  # 16 of the pooled words, and 6 times and sizes of 4
        ),
        scheduler=diffusers.DDIMScheduler(steps_offset=1, clip_sample=False),
        force_zeros_for_empty_prompt=True,
    )


def draw(pipeline: Any) -> torch.Tensor:
    """One step at 16 by 16, from a fixed seed, as (1, 16, 16, 3) float32."""
    pipeline.set_progress_bar_config(disable=True)
    sizes = {"height": 16, "width": 16, "num_inference_steps": 1, "output_type": "pt"}
    return pipeline("a bowl", generator=torch.Generator().manual_seed(0), **sizes).images.float()
