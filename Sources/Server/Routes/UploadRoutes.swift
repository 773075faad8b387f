import BinaryIO
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The routes for uploading builds. Source: the distribution specification 1.1, "Push", as far as builds of edgepipe
/// need it.
enum UploadRoutes {
    static let all: [Route] = [begin, state, cancel, add, finish, manifest]

    private static func route(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ summary: String,
        takesBody: Bool = false,
        _ handler: @escaping @Sendable (Call, Services, Receiving) async throws -> Answer
    ) -> Route {
        Route(
            method: method,
            path: path,
            family: .oci,
            right: .push,
            summary: summary,
            parameters: nil,
            takesBody: takesBody
        ) { call, services in
            guard let receiving = services.receiving else {
                throw ServerError(
                    .methodNotAllowed,
                    "readOnly",
                    "this server takes no builds in; it was not started with 'writable'.",
                    oci: "UNSUPPORTED"
                )
            }
            return try await handler(call, services, receiving)
        }
    }

    private static func model(_ call: Call, _ services: Services) throws -> String {
        let model = try services.repositories.model(call.name("name"))
        guard NameGrammar.accepts(model) else { throw Repositories.unknown(model) }
        return model
    }

    private static func place(_ upload: Upload, _ call: Call) -> String {
        "/v2/\(call.name("name"))/blobs/uploads/\(upload.id)"
    }

    private static func accepted(_ status: HTTPResponse.Status, _ upload: Upload, _ call: Call) -> Answer {
        let last = max(0, upload.offset - 1)
        return Answer(
            status,
            [
                (.location, place(upload, call)), (.range, "0-\(last)"), (.dockerUploadUUID, upload.id),
                (.cacheControl, "no-store"),
            ]
        )
    }

    // MARK: Uploads

    private static let begin = route(.post, "/v2/{name...}/blobs/uploads", "Begins to send a blob.", takesBody: true) {
        call,
        services,
        receiving in
        let model = try model(call, services)
        // Mounting is not supported: blobs of the same model are found before, and those of other models are not
        // shared.
        let upload = try await services.working { try receiving.begin(of: model) }
        guard let wanted = call.values.text("digest") else {
            for try await buffer in call.body where buffer.readableBytes > 0 {
                receiving.forget(upload)
                throw ServerError.badRequest("'digest' is missing beside a body.", oci: "DIGEST_INVALID")
            }
            return accepted(.accepted, upload, call)
        }
        return try await taking(upload) {
            try await receive(call, upload, nil, services, receiving)
            return try await settle(upload, wanted, call, services, receiving)
        }
    }

    private static let state = route(.get, "/v2/{name...}/blobs/uploads/{id}", "How far a blob is.") {
        call,
        services,
        receiving in
        accepted(.noContent, try receiving.upload(call.name("id"), of: model(call, services)), call)
    }

    private static let cancel = route(.delete, "/v2/{name...}/blobs/uploads/{id}", "Gives a blob up.") {
        call,
        services,
        receiving in
        receiving.forget(try receiving.upload(call.name("id"), of: model(call, services)))
        return Answer(.noContent)
    }

    private static let add = route(.patch, "/v2/{name...}/blobs/uploads/{id}", "The next chunk.", takesBody: true) {
        call,
        services,
        receiving in
        let upload = try receiving.upload(call.name("id"), of: model(call, services))
        return try await taking(upload) {
            try await receive(call, upload, call.headers[.contentRange], services, receiving)
            return accepted(.accepted, upload, call)
        }
    }

    private static let finish = route(.put, "/v2/{name...}/blobs/uploads/{id}", "The end of a blob.", takesBody: true) {
        call,
        services,
        receiving in
        let upload = try receiving.upload(call.name("id"), of: model(call, services))
        guard let wanted = call.values.text("digest") else {
            throw ServerError(.badRequest, "badDigest", "'digest' is missing.", oci: "DIGEST_INVALID")
        }
        return try await taking(upload) {
            try await receive(call, upload, call.headers[.contentRange], services, receiving)
            return try await settle(upload, wanted, call, services, receiving)
        }
    }

    /// Runs `body` while no other request adds to the upload.
    private static func taking(_ upload: Upload, _ body: () async throws -> Answer) async throws -> Answer {
        guard upload.begin() else {
            throw ServerError(
                .conflict,
                "busy",
                "another request adds to this upload right now.",
                oci: "BLOB_UPLOAD_INVALID"
            )
        }
        defer { upload.end() }
        return try await body()
    }

    /// Appends a request's body to an upload. If the connection breaks, the bytes received so far stay.
    private static func receive(
        _ call: Call,
        _ upload: Upload,
        _ range: String?,
        _ services: Services,
        _ receiving: Receiving
    ) async throws {
        let limit = receiving.limits.chunkBytes
        let length = call.headers[.contentLength].flatMap { Int($0) }
        if let range {
            guard let match = range.wholeMatch(of: /(?:bytes )?(\d{1,18})-(\d{1,18})(?:\/\S*)?/),
                let first = Int(match.1),
                let last = Int(match.2), first == upload.offset, length == nil || last - first + 1 == length
            else {
                var error = ServerError(
                    .rangeNotSatisfiable,
                    "outOfOrder",
                    "\(upload.offset) bytes are here; go on behind them.",
                    oci: "BLOB_UPLOAD_INVALID"
                )
                error.headers = [(.range, "0-\(max(0, upload.offset - 1))"), (.location, place(upload, call))]
                throw error
            }
        }
        guard length ?? 0 <= limit else { throw ServerError.tooLarge("the chunk", limit) }
        try receiving.checkRoom(for: length ?? 0)
        var count = 0
        for try await buffer in call.body {
            count += buffer.readableBytes
            guard count <= limit else { throw ServerError.tooLarge("the chunk", limit) }
            try await services.working { try buffer.withUnsafeReadableBytes { try upload.append($0) } }
        }
    }

    private static func settle(
        _ upload: Upload,
        _ wanted: String,
        _ call: Call,
        _ services: Services,
        _ receiving: Receiving
    ) async throws -> Answer {
        let digest = try OCIRoutes.digest(wanted)
        guard upload.digest == digest else {
            receiving.forget(upload)
            throw ServerError(.badRequest, "badDigest", "the blob has another SHA-256.", oci: "DIGEST_INVALID")
        }
        let files = receiving.files(of: upload.model)
        try await services.working { try files.settle(upload.path, as: digest) }
        receiving.forget(upload)
        return Answer(
            .created,
            [
                (.location, "/v2/\(call.name("name"))/blobs/sha256:\(digest)"),
                (.dockerContentDigest, "sha256:\(digest)"),
            ]
        )
    }

    // MARK: Manifests

    private static let manifest = route(
        .put,
        "/v2/{name...}/manifests/{reference}",
        "Takes a manifest of a build in.",
        takesBody: true
    ) { call, services, receiving in
        let model = try model(call, services)
        let limit = receiving.limits.manifestBytes
        var bytes: [UInt8] = []
        for try await buffer in call.body {
            bytes += buffer.readableBytesView
            guard bytes.count <= limit else { throw ServerError.tooLarge("the manifest", limit) }
        }
        let reference = call.name("reference")
        let (digest, subject) = try await receiving.take(
            bytes,
            call.headers[.contentType],
            as: reference,
            of: model,
            services
        )
        var answer = Answer(
            .created,
            [
                (.location, "/v2/\(call.name("name"))/manifests/\(reference)"),
                (.dockerContentDigest, "sha256:\(digest)"),
            ]
        )
        if let subject { answer.headers[.ociSubject] = "sha256:\(subject)" }
        return answer
    }
}
