# SPDX-License-Identifier: Apache-2.0
"""Foot IMU with gaitmap, strides by its pre-trained hidden Markov model, whose library needs Python 3.9."""

from gaitmap.event_detection import RamppEventDetection
from gaitmap.stride_segmentation.hmm import HmmStrideSegmentation
from with_gaitmap import pipeline

PIPELINES = {"foot": {"gaitmap: HMM, Rampp": pipeline(HmmStrideSegmentation, RamppEventDetection)}}
