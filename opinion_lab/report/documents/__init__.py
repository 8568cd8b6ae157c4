"""Frames and sentences that one report needs."""
