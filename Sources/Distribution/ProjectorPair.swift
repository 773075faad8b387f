import Architectures
import BinaryIO
import DeviceFit
import GGUF
import Registry

extension BuildRecord {
    /// The build's projector, as its publisher stated it; nil if it has none.
    var projector: (name: BuildName, digest: SHA256Digest)? {
        get throws {
            guard let published = ModelProfile(stored: facts.profile)?.projector?.published else { return nil }
            let name = try BuildName(model: name.model, version: name.version, type: published.type)
            return (name, published.sha256)
        }
    }
}

extension ModelRegistry {
    /// The record of the build's projector; nil if it has none.
    /// - Throws: `DistributionError.halfPair` if the projector was withdrawn or never published here.
    func projector(of build: BuildRecord) throws -> BuildRecord? {
        guard let (name, digest) = try build.projector else { return nil }
        guard let record = try offered(name), record.digest == digest else {
            throw DistributionError.halfPair(build.name, missing: name)
        }
        return record
    }

    /// The digest of the offered build with this name; nil if there is none.
    func digest(of name: BuildName) throws -> SHA256Digest? { try offered(name)?.digest }

    private func offered(_ name: BuildName) throws -> BuildRecord? {
        do {
            return try build(named: name)
        } catch RegistryError.notFound {
            return nil
        }
    }
}

extension GGUFHeader {
    /// A sentence that says why no engine can load this file as a projector, and what to do; nil if no problem is
    /// known.
    var projectorProblem: String? {
        do {
            _ = try ProjectorShape(metadata)
            return nil
        } catch let problem as GGUFProblem {
            return problem.explanation
        } catch let problem as ShapeProblem {
            return problem.explanation
        } catch {
            return "\(error)"
        }
    }
}
