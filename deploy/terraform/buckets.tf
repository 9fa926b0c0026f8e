resource "google_storage_bucket" "temp" {
  name                        = "${var.project_id}-${var.name}-temp"
  location                    = var.region
  labels                      = var.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  # What is thrown away after days need not be kept a week longer, and paid.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  # code/ and jars/ are named by their content and used for as long as it does not change.
  lifecycle_rule {
    condition {
      age            = var.staging_days
      matches_prefix = ["jobs/"]
    }
    action {
      type = "Delete"
    }
  }

  # An upload that was broken off is paid for and seen by nobody.
  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  depends_on = [google_project_service.needed]
}

resource "google_storage_bucket" "results" {
  name                        = "${var.project_id}-${var.name}-results"
  location                    = var.region
  labels                      = var.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  depends_on = [google_project_service.needed]
}
