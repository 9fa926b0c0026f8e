output "environment" {
  description = "Variables of a worker that sends its batches here; `terraform output -raw environment` prints them as lines."
  value       = join("\n", [for name, value in local.environment : "${name}=${value}"])
}

output "repository" {
  description = "Where push.sh puts the images."
  value       = local.repository
}

output "worker" {
  description = "Name and zone of the worker's machine, which push.sh restarts."
  value       = { name = google_compute_instance.worker.name, zone = google_compute_instance.worker.zone }
}

output "database" {
  description = "Connection name of the database, for the Cloud SQL proxy and gcloud."
  value       = google_sql_database_instance.main.connection_name
}

output "secrets_to_fill" {
  description = "Secrets whose values are put in by hand."
  value       = [for secret in google_secret_manager_secret.by_hand : secret.secret_id]
}
