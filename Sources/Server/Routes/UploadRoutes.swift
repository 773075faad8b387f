/// How builds are sent.
enum UploadRoutes {
    static let all: [Route] = []
}
