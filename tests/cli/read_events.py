"""Prints what TensorBoard's own reader finds in a folder of event files, as one JSON object."""

import base64
import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0, "images": 0})
events.Reload()
tags = events.Tags()


def histogram(event):
    h = event.histogram_value
    return [event.step, h.min, h.max, h.num, h.sum, h.sum_squares, list(h.bucket_limit), list(h.bucket)]


def image(event):
    return [event.step, event.width, event.height, base64.b64encode(event.encoded_image_string).decode()]


print(json.dumps({
    "version": events.file_version,
    "scalars": {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]},
    "histograms": {tag: [histogram(e) for e in events.Histograms(tag)] for tag in tags["histograms"]},
    "images": {tag: [image(e) for e in events.Images(tag)] for tag in tags["images"]},
}))
