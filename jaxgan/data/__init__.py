"""Images in: records on disk, batches as a pure function of the step, augmentation on device."""
