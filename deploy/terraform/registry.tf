resource "google_artifact_registry_repository" "images" {
  repository_id = var.name
  location      = var.region
  format        = "DOCKER"
  labels        = var.labels

  # A tag that was rolled out stays what it was.
  docker_config {
    immutable_tags = true
  }

  depends_on = [google_project_service.needed]
}

locals {
  registry     = "${var.region}-docker.pkg.dev"
  repository   = "${local.registry}/${var.project_id}/${google_artifact_registry_repository.images.repository_id}"
  worker_image = "${local.repository}/worker:${var.image_tag}"
  batch_image  = "${local.repository}/batch:${var.image_tag}"
}
