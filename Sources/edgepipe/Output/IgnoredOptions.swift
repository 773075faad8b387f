import ArgumentParser

/// Rejects options that were given and would have no effect.
/// - Parameters:
///   - options: the options, each with whether it was given.
///   - reason: the words after the option's name.
func refuse(ignored options: KeyValuePairs<String, Bool>, because reason: String) throws {
    guard let name = options.first(where: { $0.value })?.key else { return }
    throw ValidationError("\(name) counts for nothing here: \(reason)")
}
