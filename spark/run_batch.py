"""What a cluster starts for a batch that is not the keeper's: the package comes beside it as an archive."""

from sevenfold_jobs.common.submitted import main

if __name__ == "__main__":
    main()
