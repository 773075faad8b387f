// The system's zstd: compression of the registry's objects.
#include <zstd.h>
#include <zstd_errors.h>
