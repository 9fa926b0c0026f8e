variable "project_id" {
  description = "The project that everything is made in. It exists and has billing."
  type        = string
}

variable "region" {
  description = "Where everything is. Dataproc batches, buckets and the database belong together: traffic between regions costs."
  type        = string
}

variable "zone" {
  description = "Where the worker's machine is; the first of the region where it is null."
  type        = string
  default     = null
}

variable "name" {
  description = "What the names of all resources begin with."
  type        = string
  default     = "sevenfold"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,14}[a-z0-9]$", var.name))
    error_message = "Three to sixteen of a-z, 0-9 and \"-\", beginning with a letter: it becomes part of account names, which are short."
  }
}

variable "labels" {
  description = "Labels of everything that has labels; for the bill."
  type        = map(string)
  default     = { managed-by = "sevenfold" }
}

# Batches

variable "batch_id_prefix" {
  description = "What the ids of batches begin with."
  type        = string
  default     = "automl-spark"
}

variable "runtime_version" {
  description = "Dataproc runtime. 1.2 is the one whose Scala fits SynapseML's _2.12 artifacts."
  type        = string
  default     = "1.2"

  validation {
    condition     = can(regex("^[0-9]+\\.[0-9]+$", var.runtime_version))
    error_message = "Such as 1.2."
  }
}

variable "min_executors" {
  description = "Fewest executors of a batch."
  type        = number
  default     = 2
}

variable "max_executors" {
  description = "Most executors of a batch: with driver and cores it must fit the region's CPU quota."
  type        = number
  default     = 20
}

variable "staging_days" {
  description = "After so many days requests, uploaded inputs and outcomes below jobs/ of the temp bucket go; code/ and jars/ stay."
  type        = number
  default     = 7
}

variable "image_tag" {
  description = "Tag of the worker's and the batches' images. push.sh sets it to the commit."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", var.image_tag)) && var.image_tag != "latest"
    error_message = "A tag that means one image for ever, such as a commit: \"latest\" cannot be rolled back."
  }
}

# Network

variable "subnet_range" {
  description = "Addresses of the worker and of all executors at a time: a /22 has about a thousand."
  type        = string
  default     = "10.70.0.0/22"
}

variable "services_range_bits" {
  description = "Size of the range that Cloud SQL gets its private address from."
  type        = number
  default     = 20
}

variable "nat" {
  description = "Whether the worker reaches what is not Google's: Temporal Cloud, Slack. Batches have no use for it."
  type        = bool
  default     = true
}

# Database

variable "database_version" {
  description = "PostgreSQL of Cloud SQL; 15 or later, the schema uses `nulls not distinct`."
  type        = string
  default     = "POSTGRES_17"
}

variable "database_tier" {
  description = "Machine of the database: 2 CPUs and 8 GB."
  type        = string
  default     = "db-custom-2-8192"
}

variable "database_disk_gb" {
  description = "Disk of the database at first; it grows by itself."
  type        = number
  default     = 50
}

variable "database_availability" {
  description = "ZONAL, or REGIONAL for a standby that takes over, at twice the price."
  type        = string
  default     = "ZONAL"
}

variable "database_connections" {
  description = "Most connections: each task that writes has one, and the worker a dozen."
  type        = number
  default     = 300
}

variable "database_backups" {
  description = "Daily backups kept."
  type        = number
  default     = 30
}

variable "database_password_version" {
  description = "One more makes a new password, for the database and its secret at once."
  type        = number
  default     = 1
}

variable "deletion_protection" {
  description = "Whether database, buckets and secrets refuse to be destroyed."
  type        = bool
  default     = true
}

# The worker's home

variable "machine_type" {
  description = "The worker's machine. It watches and decides; the work is done by batches."
  type        = string
  default     = "e2-medium"
}

variable "worker_memory_mb" {
  description = "Limit of the worker's container."
  type        = number
  default     = 2048
}

variable "machine_image" {
  description = "Container-Optimized OS of the worker's machine: a family, or one image to be pinned."
  type        = string
  default     = "projects/cos-cloud/global/images/family/cos-121-lts"
}

variable "temporal_address" {
  description = "host:port of Temporal: a namespace of Temporal Cloud, or a server of your own in the network."
  type        = string

  validation {
    condition     = can(regex("^[^:/]+:[0-9]+$", var.temporal_address))
    error_message = "host:port, without a scheme."
  }
}

variable "temporal_namespace" {
  description = "Namespace in Temporal, with the search attributes of docs/operate.md."
  type        = string
  default     = "default"
}

variable "temporal_api_key" {
  description = "Whether Temporal asks for an API key. Its value is put into the secret by hand: docs/operate.md."
  type        = bool
  default     = false
}

variable "slack" {
  description = "Whether messages go to Slack. The webhook is put into the secret by hand: docs/operate.md."
  type        = bool
  default     = false
}

variable "worker_environment" {
  description = "More variables of the worker, such as SEVENFOLD_DATASET. No secrets: they would be in the state."
  type        = map(string)
  default     = {}
}
