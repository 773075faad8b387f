import BinaryIO
import Registry
import SystemPackage
import Testing

@Suite struct RegistryErrorTests {
    @Test func onlyLostOrChangedBytesCountAsDamage() {
        let path = FilePath("registry.db")
        #expect(RegistryError.damagedDatabase(path, detail: "x").isDamage)
        #expect(RegistryError.damagedObject(SHA256Digest(of: [1]), path: path, detail: "x").isDamage)
        #expect(!RegistryError.newerFormat(path).isDamage)
        #expect(!RegistryError.notFound("x", available: []).isDamage)
    }
}
