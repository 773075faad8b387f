/// The header file that some hosts read: one block per path, with its headers indented.
///
/// Files named by their digest never change; answers are revalidated each time, which costs little if nothing changed.
/// Pages get no rule, because all hosts already revalidate them, and some hosts join the values of a header that
/// several rules set.
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
