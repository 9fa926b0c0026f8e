# No backend is named here, so that the configuration can be checked anywhere; docs/operate.md says how to keep the
# state in a bucket.
terraform {
  # 1.11 is the first with write-only arguments: passwords that are in no state and no plan.
  required_version = "~> 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50.0"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.7.2"
    }
  }
}

provider "google" {
  project = var.project_id
  region  = var.region
}
