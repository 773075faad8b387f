import HTTPTypes

/// The single table of a server's routes. The interface document is generated from it.
package enum Routes {
    static let document: Route = Route(
        method: .get,
        path: "/openapi.json",
        right: .nothing,
        summary: "This document.",
        schema: .any
    ) { call, _ in
        .tagged(documentBytes.bytes, as: APIRoutes.json, etag: documentBytes.etag, call)
    }

    private static let documentBytes: AnswerCache.Kept = AnswerCache.Kept(InterfaceDocument.bytes(all))

    package static let all: [Route] =
        APIRoutes.all + [document] + OCIRoutes.all + UploadRoutes.all + CacheRoutes.all + HubRoutes.all + PageRoutes.all

    package static let table = RouteTable(all)
}
