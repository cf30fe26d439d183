package secrets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/zalando/go-keyring"
)

// maxSecret bounds what is read as one secret: longer is a wrong file or a wrong command.
const maxSecret = 64 << 10

// ErrNotFound is wrapped by the error for a reference that is well formed and leads to nothing.
var ErrNotFound = errors.New("no such secret")

// A Source finds the secrets of one kind of reference.
type Source interface {
	// Get returns the secret that name, the part after the scheme, refers to. It returns an error that
	// wraps ErrNotFound where there is none, and never an empty Value without an error. Its errors say
	// what is wrong and what to do; they contain no secret, and need not repeat the reference.
	Get(ctx context.Context, name string) (Value, error)
}

// A Resolver finds secrets by reference. It keeps none: each call asks again, so that a secret that was
// changed is seen. It is safe for concurrent use.
type Resolver struct {
	sources map[string]Source
	store   string // path of our own store
	key     string // reference of its identity
}

// An Option changes what a Resolver can find.
type Option func(*Resolver)

// WithStore names the store that age:NAME reads, and the reference of the identity (env:, file:, keyring:
// or exec:) that opens it and all other stores.
func WithStore(path, identityRef string) Option {
	return func(r *Resolver) { r.store, r.key = path, identityRef }
}

// WithSource adds a kind of reference, or replaces one.
func WithSource(scheme string, s Source) Option {
	return func(r *Resolver) { r.sources[scheme] = s }
}

// WithExecTimeout bounds how long a command of exec: may take; 30 seconds is the default.
func WithExecTimeout(d time.Duration) Option {
	return WithSource(schemeExec, execSource{timeout: d})
}

// The schemes that every Resolver knows.
const (
	schemeEnv     = "env"
	schemeFile    = "file"
	schemeAge     = "age"
	schemeKeyring = "keyring"
	schemeExec    = "exec"
)

// NewResolver returns a Resolver that knows env:, file:, age:, keyring: and exec:.
func NewResolver(opts ...Option) *Resolver {
	r := &Resolver{sources: map[string]Source{
		schemeEnv:     envSource{lookup: os.LookupEnv},
		schemeFile:    fileSource{},
		schemeKeyring: keyringSource{get: keyring.Get, timeout: keyringTimeout},
		schemeExec:    execSource{timeout: execTimeout},
	}}
	r.sources[schemeAge] = ageSource{r}
	for _, opt := range opts {
		opt(r)
	}
	return r
}

// Resolve returns the secret that ref refers to, which is never empty.
func (r *Resolver) Resolve(ctx context.Context, ref string) (Value, error) {
	scheme, name, err := r.parse(ref)
	if err != nil {
		return Value{}, err
	}
	v, err := r.sources[scheme].Get(ctx, name)
	if err != nil {
		if errors.Is(err, errUnsafeName) {
			// The name cannot be a name, so it may be the password itself, put there by a shell.
			return Value{}, fmt.Errorf("%s: %w", scheme, err)
		}
		return Value{}, fmt.Errorf("%s: %w", quoteRef(ref), err)
	}
	if v.Empty() {
		return Value{}, fmt.Errorf("%s: the secret is empty", quoteRef(ref))
	}
	return v, nil
}

// Check says whether ref is a reference of a kind that r knows, without looking for the secret.
func (r *Resolver) Check(ref string) error {
	_, _, err := r.parse(ref)
	return err
}

// errUnsafeName marks names that must not be repeated in an error.
var errUnsafeName = errors.New("malformed")

// elsewhere are schemes that other tools use. They are safe to repeat, and each has a way to be written here.
var elsewhere = map[string]string{ //nolint:gosec // what to write, no secret
	"op":    `"exec:op read 'op://vault/item/field'"`,
	"vault": `"exec:vault kv get -field=password secret/path"`,
	"bao":   `"exec:bao kv get -field=password secret/path"`,
	"awssm": `"exec:aws secretsmanager get-secret-value --secret-id NAME --query SecretString --output text"`,
	"sops":  `"exec:sops decrypt --extract '[\"key\"]' /path/to/file"`,
	"pass":  `"exec:pass show NAME"`,
}

// parse splits ref and knows its scheme. Its errors never repeat ref: what is no reference may be a password,
// and passwords have colons too.
func (r *Resolver) parse(ref string) (scheme, name string, err error) {
	if strings.TrimSpace(ref) == "" {
		return "", "", fmt.Errorf("the reference is empty: write one of %s", r.known())
	}
	scheme, name, found := strings.Cut(ref, ":")
	if _, ok := r.sources[scheme]; found && ok {
		if name == "" {
			return "", "", fmt.Errorf("nothing follows %q: say which secret is meant", scheme+":")
		}
		return scheme, name, nil
	}
	if how, ok := elsewhere[scheme]; found && ok {
		return "", "", fmt.Errorf("unknown kind of reference %q: write %s; known are %s", scheme+":", how, r.known())
	}
	if !found || !isScheme(scheme) {
		return "", "", fmt.Errorf("a password in the configuration file: it belongs elsewhere; "+
			"keep it with `usher secrets set NAME` and write age:NAME here (known are %s), "+
			"and change the password if others could read the file", r.known())
	}
	hint := ""
	if near := r.nearest(scheme); near != "" {
		hint = fmt.Sprintf("did you mean %q? ", near+":")
	}
	return "", "", fmt.Errorf("unknown kind of reference: %sknown are %s; "+
		"if this is the password itself, keep it with `usher secrets set NAME` and write age:NAME", hint, r.known())
}

func (r *Resolver) known() string {
	var names []string
	for scheme := range r.sources {
		names = append(names, scheme+":")
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// nearest returns the known scheme that was probably meant: equal but for case, or one slip away.
func (r *Resolver) nearest(scheme string) string {
	scheme = strings.ToLower(scheme)
	best := ""
	for known := range r.sources {
		if oneSlip(scheme, known) && (best == "" || known < best) {
			best = known
		}
	}
	return best
}

// oneSlip says whether a becomes b by at most one letter more, less or other, or two neighbours exchanged.
func oneSlip(a, b string) bool {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) == 2 && len(b) == 2 {
		return a[0] == b[1] && a[1] == b[0]
	}
	return len(a) <= 1 && len(b) <= 1
}

// isScheme says whether s looks like the scheme of a URI.
func isScheme(s string) bool {
	for i, c := range []byte(strings.ToLower(s)) {
		letter := 'a' <= c && c <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return false
		}
	}
	return s != ""
}

// quoteRef makes a reference fit for one line of an error.
func quoteRef(ref string) string {
	const most = 200
	if len(ref) > most {
		ref = ref[:most] + "..."
	}
	q := fmt.Sprintf("%q", ref)
	if inner := q[1 : len(q)-1]; inner == ref {
		return ref
	}
	return q
}
