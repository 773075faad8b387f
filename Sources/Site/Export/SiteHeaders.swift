/// The file of headers that some hosts read: one path a block, its headers indented below.
///
/// Files that are named by their digest never change; everything else is asked for again each time, which costs a short answer
/// where nothing changed.
enum SiteHeaders {
    static let text = """
        /*
          Cache-Control: no-cache
          X-Content-Type-Options: nosniff
          Referrer-Policy: same-origin
          Content-Security-Policy: \(ContentPolicy.site)

        /blobs/*
          ! Cache-Control
          Cache-Control: public, max-age=31536000, immutable
          Content-Type: application/octet-stream
          Access-Control-Allow-Origin: *

        /parts/*
          ! Cache-Control
          Cache-Control: public, max-age=31536000, immutable
          Access-Control-Allow-Origin: *

        /best/*
          Access-Control-Allow-Origin: *

        /api/*
          Access-Control-Allow-Origin: *

        """
}
