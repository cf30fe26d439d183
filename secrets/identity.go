package secrets

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

const identityPrefix = "AGE-SECRET-KEY-1"

// An Identity is the key to what usher encrypts: an X25519 identity of age. The zero Identity opens nothing.
type Identity struct {
	key Value
}

// NewIdentity makes a new key, as the text that [ParseIdentity] reads and that belongs in a keyring, a
// variable or a file of mode 0600, away from what it opens.
func NewIdentity() (Value, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return Value{}, fmt.Errorf("make an age identity: %w", err)
	}
	return New(id.String()), nil
}

// ParseIdentity reads an AGE-SECRET-KEY-1... text, or a file as age-keygen writes it, with comment lines.
// Its errors never repeat the text.
func ParseIdentity(text Value) (Identity, error) {
	if text.Empty() {
		return Identity{}, errors.New("the age key is empty")
	}
	key := ""
	for line := range strings.Lines(text.Reveal()) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case key != "":
			return Identity{}, errors.New("more than one age key: usher needs exactly one")
		default:
			key = line
		}
	}
	if !strings.HasPrefix(key, identityPrefix) {
		return Identity{}, errors.New("not an age key: it must start with " + identityPrefix +
			" (make one with `usher init` or age-keygen; keys with a passphrase, SSH keys and plugins do not work here)")
	}
	// age's own error quotes parts of what it could not read.
	if _, err := age.ParseX25519Identity(key); err != nil {
		return Identity{}, errors.New("not an age key: it is damaged or cut short (its checksum does not fit)")
	}
	return Identity{key: New(key)}, nil
}

// LoadIdentity resolves ref and reads the key. A key cannot lie in a store that it opens: age: is refused.
func LoadIdentity(ctx context.Context, r *Resolver, ref string) (Identity, error) {
	if strings.HasPrefix(ref, schemeAge+":") {
		return Identity{}, fmt.Errorf("%s: the key of a store cannot be kept in a store: use an env:, file: or keyring: reference", quoteRef(ref))
	}
	text, err := r.Resolve(ctx, ref)
	if err != nil {
		return Identity{}, fmt.Errorf("age key: %w", err)
	}
	id, err := ParseIdentity(text)
	if err != nil {
		return Identity{}, fmt.Errorf("age key: %s: %w", quoteRef(ref), err)
	}
	return id, nil
}

// Empty says whether there is no key in id.
func (id Identity) Empty() bool { return id.key.Empty() }

// Recipient returns the public half (age1...), or "" for the zero Identity. It is no secret.
func (id Identity) Recipient() string {
	x, err := id.x25519()
	if err != nil {
		return ""
	}
	return x.Recipient().String()
}

// String returns the public half.
func (id Identity) String() string { return id.Recipient() }

func (id Identity) x25519() (*age.X25519Identity, error) {
	if id.Empty() {
		return nil, errors.New("there is no age key")
	}
	x, err := age.ParseX25519Identity(id.key.Reveal())
	if err != nil {
		return nil, errors.New("not an age key")
	}
	return x, nil
}

// ErrWrongKey is wrapped by the error for what was encrypted to another key.
var ErrWrongKey = errors.New("encrypted to another key")

// ErrDamaged is wrapped by the error for what cannot be decrypted because bytes of it are missing or changed.
var ErrDamaged = errors.New("damaged or cut short")

// A Box encrypts to an Identity and decrypts with it. The agent keeps pictures and sessions in it.
type Box struct {
	id Identity
}

// NewBox returns the Box of id.
func NewBox(id Identity) (Box, error) {
	if id.Empty() {
		return Box{}, errors.New("there is no age key")
	}
	return Box{id: id}, nil
}

// Seal returns plain, encrypted. Sealing the same twice gives different bytes.
func (b Box) Seal(plain []byte) ([]byte, error) {
	x, err := b.id.x25519()
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, x.Recipient())
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	return out.Bytes(), nil
}

// Open returns what was sealed, all of it or nothing. Its error wraps [ErrWrongKey] or [ErrDamaged].
func (b Box) Open(sealed []byte) ([]byte, error) {
	x, err := b.id.x25519()
	if err != nil {
		return nil, fmt.Errorf("decrypt: %w", err)
	}
	if len(sealed) == 0 {
		return nil, fmt.Errorf("decrypt: %w: there are no bytes", ErrDamaged)
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), x)
	if _, other := errors.AsType[*age.NoIdentityMatchError](err); other {
		return nil, fmt.Errorf("decrypt: %w (ours is %s)", ErrWrongKey, x.Recipient())
	}
	if err != nil {
		// age's error quotes the first line, and a file that is not encrypted may hold a password there.
		return nil, fmt.Errorf("decrypt: %w: the header cannot be read", ErrDamaged)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("decrypt: %w: %w", ErrDamaged, err)
	}
	return plain, nil
}

// MAC returns a key of 32 bytes that only the holder of the identity can derive, another for each label.
// It is what [Value.Digest] wants. It panics on the zero Box: a digest that anybody can compute protects nothing.
func (b Box) MAC(label string) []byte {
	if b.id.Empty() {
		panic("secrets: MAC of a Box without an identity")
	}
	mac := hmac.New(sha256.New, []byte(b.id.key.Reveal()))
	mac.Write([]byte("usher mac key 1\x00" + label))
	return mac.Sum(nil)
}
