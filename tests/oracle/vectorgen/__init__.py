"""Builds the JSON files of ``tests/vectors`` without any code of sanskey.

Signatures are botocore's, encodings are the standard library's, and the flow is written down by
hand from AIP-4117, so that the vectors and the core cannot share a mistake.
"""
