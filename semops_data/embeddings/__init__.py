"""The room embeddings."""
