import Architectures

extension SiteWords {
    /// The kind of a model, in words.
    func kind(_ kind: ModelKind) -> String {
        switch kind {
        case .language: self("language model", "языковая модель")
        case .embedding: self("embedding model", "модель эмбеддингов")
        case .reranker: self("reranker", "реранкер")
        }
    }
}
