"""Input formats: from tshark's lines to packets."""
