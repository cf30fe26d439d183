// Package secrets is where passwords come from: a [Value] that nothing prints, a [Resolver] that finds it
// by its reference, a [Store] that keeps it encrypted, and a [Mask] that takes it out of what others wrote.
//
// It is not a vault: who may ask for which secret, and when it must be replaced, is decided elsewhere, and
// a process that may read usher's memory may read its secrets.
//
// It defends by leaving no easy way to be careless. A configuration holds references, never passwords: a
// bare word is refused, and an error names the reference but repeats neither a value nor what might be one.
// Files must be closed to others, command lines are run without a shell, and what the store holds is
// encrypted, written whole or not at all, and never overwritten when it cannot be read.
//
//	env:NAME                  the variable NAME of the environment
//	file:/path                a file of mode 0600 or less; one newline at its end is not part of the secret
//	age:NAME                  the secret NAME of usher's own store
//	age:/path/to/store#NAME   the same of another store, encrypted to the same key
//	keyring:SERVICE/USER      the keyring of the desktop: the last slash divides
//	exec:COMMAND ARG...       what a command prints: op, vault, aws, sops; see [Split] for its rules
//
// What the tests here cannot run for real: the keyring of a desktop (no D-Bus session), and the command
// lines of 1Password, Vault, AWS and sops (no accounts). The keyring is tested through a stand-in function
// and by its absence, exec: with small scripts.
//
// It is written for Unix: file modes and flock are what it relies on.
package secrets
