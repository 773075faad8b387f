/// The file of headers that some hosts read: one path a block, its headers indented below.
///
/// Files that are named by their digest never change; answers are asked for again each time, which costs little where nothing
/// changed. Pages are left to the hosts, all of which do the same for them: a header that several rules set has both values on
/// some hosts.
enum SiteHeaders {
    static let text = """
        /*
          X-Content-Type-Options: nosniff
          Referrer-Policy: same-origin
          Content-Security-Policy: \(ContentPolicy.site)

        /blobs/*
          Cache-Control: public, max-age=31536000, immutable
          Content-Type: application/octet-stream
          Access-Control-Allow-Origin: *

        /parts/*
          Cache-Control: public, max-age=31536000, immutable
          Access-Control-Allow-Origin: *

        /best/*
          Cache-Control: no-cache
          Access-Control-Allow-Origin: *

        /api/*
          Cache-Control: no-cache
          Access-Control-Allow-Origin: *

        """
}
