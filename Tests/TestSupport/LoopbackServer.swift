import Foundation
import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// A small HTTP/1.1 server on the loopback address, one thread a connection, that may also misbehave: it sends exactly
/// the bytes that a test asks for and cuts the connection where the test says.
public final class LoopbackServer: Sendable {
    public struct Request: Sendable {
        public let method: String
        /// With the query.
        public let target: String
        /// By lower-case names.
        public let headers: [String: String]
        /// As long as its header says.
        public let body: [UInt8]
    }

    public struct Answer: Sendable {
        /// 0 cuts the connection instead.
        public var status: Int
        public var headers: [String: String]
        public var body: [UInt8]
        /// Takes the place of the body's own length; the header is left out where it is empty.
        public var announcedLength: String?
        /// Sends so many bytes of the body, then cuts the connection.
        public var cutAfter: Int?
        /// Whether the client has got what was sent: it may throw away what it has not looked at when it finds the
        /// connection cut.
        public var mayCut: @Sendable () -> Bool = { true }
        /// Waits before each piece of the body, in seconds.
        public var delay = 0.0

        public init(
            _ status: Int,
            headers: [String: String] = [:],
            body: some Sequence<UInt8> = [UInt8](),
            announcedLength: String? = nil,
            cutAfter: Int? = nil
        ) {
            self.status = status
            self.headers = headers
            self.body = Array(body)
            self.announcedLength = announcedLength
            self.cutAfter = cutAfter
        }
    }

    public typealias Handler = @Sendable (Request) -> Answer

    public let port: Int
    private let listener: Int32
    private let handler: Handler
    private let log = Mutexed<[Request]>([])

    public init(_ handler: @escaping Handler) throws {
        self.handler = handler
        #if canImport(Darwin)
            listener = socket(AF_INET, SOCK_STREAM, 0)
        #else
            listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
        port = Int(UInt16(bigEndian: address.sin_port))
        let served = Served(listener: listener, handler: handler, log: log)
        Thread.detachNewThread { served.accept() }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    /// What was asked for so far.
    public var requests: [Request] { log.value }

    /// The thread's part, which does not keep the server alive.
    private struct Served: Sendable {
        let listener: Int32
        let handler: Handler
        let log: Mutexed<[Request]>

        func accept() {
            while true {
                #if canImport(Darwin)
                    let connection = Darwin.accept(listener, nil, nil)
                #else
                    let connection = Glibc.accept(listener, nil, nil)
                #endif
                guard connection >= 0 else { break }
                Thread.detachNewThread {
                    self.serve(connection)
                    close(connection)
                }
            }
            close(listener)
        }

        /// One request a connection.
        private func serve(_ connection: Int32) {
            guard let request = read(connection) else { return }
            log.change { $0.append(request) }
            let answer = handler(request)
            // A server that goes away without a word.
            if answer.status == 0 { return }
            var head = "HTTP/1.1 \(answer.status) Answer\r\nConnection: close\r\n"
            for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
            let length = answer.announcedLength ?? "\(answer.body.count)"
            if !length.isEmpty { head += "Content-Length: \(length)\r\n" }
            guard send(Array("\(head)\r\n".utf8)[...], to: connection), request.method != "HEAD" else { return }
            var rest = answer.body.prefix(answer.cutAfter ?? .max)
            while !rest.isEmpty {
                if answer.delay > 0 { Thread.sleep(forTimeInterval: answer.delay) }
                guard send(rest.prefix(1 << 16), to: connection) else { return }
                rest = rest.dropFirst(1 << 16)
            }
            let deadline = Date() + 20
            while answer.cutAfter != nil, !answer.mayCut(), Date() < deadline { Thread.sleep(forTimeInterval: 0.005) }
        }

        private func read(_ connection: Int32) -> Request? {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let blank = Array("\r\n\r\n".utf8)
            var end: Int?
            while end == nil {
                let count = recv(connection, &buffer, buffer.count, 0)
                guard count > 0 else { return nil }
                let start = max(0, bytes.count - 3)
                bytes += buffer[..<count]
                end = bytes[start...].firstRange(of: blank)?.upperBound
            }
            guard let end else { return nil }
            let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
            let words = lines[0].split(separator: " ").map(String.init)
            guard words.count == 3 else { return nil }
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { continue }
                headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
            }
            var body = Array(bytes[end...])
            let length = headers["content-length"].flatMap { Int($0) } ?? 0
            while body.count < length {
                let count = recv(connection, &buffer, buffer.count, 0)
                guard count > 0 else { return nil }
                body += buffer[..<count]
            }
            return Request(method: words[0], target: words[1], headers: headers, body: body)
        }

        private func send(_ bytes: ArraySlice<UInt8>, to connection: Int32) -> Bool {
            var rest = bytes
            while !rest.isEmpty {
                #if canImport(Darwin)
                    let count = rest.withUnsafeBytes { Darwin.send(connection, $0.baseAddress, $0.count, 0) }
                #else
                    let flags = Int32(MSG_NOSIGNAL)
                    let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, flags) }
                #endif
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }
}
