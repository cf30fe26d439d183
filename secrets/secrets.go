// Package secrets is where passwords come from: a [Value] that nothing prints, and a [Resolver] that
// finds it by its reference (env:, file:, age:, keyring:, exec:).
package secrets
