import Architectures
import BinaryIO
import DeviceFit
import GGUF
import Registry

extension BuildRecord {
    /// What the build sees with, as its publisher said it; nil where it does not see.
    var projector: (name: BuildName, digest: SHA256Digest)? {
        get throws {
            guard let published = ModelProfile(stored: facts.profile)?.projector?.published else { return nil }
            let name = try BuildName(model: name.model, version: name.version, type: published.type)
            return (name, published.sha256)
        }
    }
}

extension ModelRegistry {
    /// The other half of a pair; nil where the build does not see.
    /// - Throws: `DistributionError.halfPair` where that was withdrawn, or never came here.
    func projector(of build: BuildRecord) throws -> BuildRecord? {
        guard let (name, digest) = try build.projector else { return nil }
        guard let record = try offered(name), record.digest == digest else {
            throw DistributionError.halfPair(build.name, missing: name)
        }
        return record
    }

    /// The digest of what is offered under a name; nil for nothing.
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
    /// Why no engine can load the file beside a model, as a sentence with what to do; nil where nothing is known against it.
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
