package secrets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	storeVersion = 1
	maxStore     = 16 << 20
)

// A Store keeps named secrets in one file, encrypted to one identity. Readers take no lock: a change is a
// whole new file that takes the place of the old one. Writers, of this process and others, wait for each
// other on a lock file beside it. A Store that cannot be read is never written.
type Store struct {
	path string
	box  Box
}

// document is what is encrypted. Values are bytes, which JSON writes in base64, because JSON would replace
// what is not UTF-8.
type document struct {
	Version int               `json:"version"`
	Secrets map[string][]byte `json:"secrets"`
}

// OpenStore returns the store at path, whose folder must exist. The file need not: it is made by the first
// Set. A file that is there must open with identity.
func OpenStore(path string, identity Identity) (*Store, error) {
	box, err := NewBox(identity)
	if err != nil {
		return nil, fmt.Errorf("secret store: %w", err)
	}
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("secret store %q: the path must start with /", path)
	}
	// A link is followed once, here: renaming over it would leave the real file as it was.
	target, err := filepath.EvalSymlinks(path)
	switch {
	case err == nil:
		path = target
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("secret store: %w", err)
	}
	s := &Store{path: path, box: box}
	if _, err := s.read(); err != nil {
		return nil, err
	}
	return s, nil
}

// Path returns where the store's file is.
func (s *Store) Path() string { return s.path }

// Get returns the secret of that name. Its error wraps [ErrNotFound] where there is none.
func (s *Store) Get(name string) (Value, error) {
	doc, err := s.read()
	if err != nil {
		return Value{}, err
	}
	b, ok := doc.Secrets[name]
	if !ok {
		return Value{}, fmt.Errorf("%w in the store %s: keep it with `usher secrets set %s`", ErrNotFound, s.path, name)
	}
	return NewBytes(b), nil
}

// Names returns the names of all secrets, sorted.
func (s *Store) Names() ([]string, error) {
	doc, err := s.read()
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(doc.Secrets)), nil
}

// Set keeps v under name, in the place of what was there.
func (s *Store) Set(ctx context.Context, name string, v Value) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if v.Empty() {
		return fmt.Errorf("secret %s: it is empty; delete it if it is no longer wanted", name)
	}
	if len(v.Reveal()) > maxSecret {
		return fmt.Errorf("secret %s: longer than %d KiB", name, maxSecret>>10)
	}
	return s.change(ctx, func(doc *document) error {
		doc.Secrets[name] = []byte(v.Reveal())
		return nil
	})
}

// Delete forgets the secret of that name. Its error wraps [ErrNotFound] where there is none.
func (s *Store) Delete(ctx context.Context, name string) error {
	return s.change(ctx, func(doc *document) error {
		if _, ok := doc.Secrets[name]; !ok {
			return fmt.Errorf("%w in the store %s: %q", ErrNotFound, s.path, name)
		}
		delete(doc.Secrets, name)
		return nil
	})
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@/-]{0,127}$`)

// CheckName says whether name can name a secret of a store.
func CheckName(name string) error {
	if nameForm.MatchString(name) {
		return nil
	}
	// It is not repeated: `usher secrets set PASSWORD` is an easy slip.
	return errors.New("the name of a secret has letters, digits and . _ @ / - only, starts with a letter or digit, " +
		"and has at most 128 of them; the secret itself is asked for, not given as an argument")
}

// change reads the document, lets edit change it and writes it, all under the lock.
func (s *Store) change(ctx context.Context, edit func(*document) error) (err error) {
	unlock, err := lock(ctx, s.path+".lock")
	if err != nil {
		return fmt.Errorf("secret store %s: %w", s.path, err)
	}
	defer func() {
		if uerr := unlock(); err == nil && uerr != nil {
			err = fmt.Errorf("secret store %s: %w", s.path, uerr)
		}
	}()
	doc, err := s.read()
	if err != nil {
		return err
	}
	if err := edit(doc); err != nil {
		return err
	}
	plain, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("secret store: write the document: %w", err)
	}
	sealed, err := s.box.Seal(plain)
	if err != nil {
		return fmt.Errorf("secret store: %w", err)
	}
	if len(sealed) > maxStore {
		return fmt.Errorf("secret store %s: it would be larger than %d MiB; nothing was changed", s.path, maxStore>>20)
	}
	if err := writeWhole(s.path, sealed); err != nil {
		return fmt.Errorf("secret store %s: %w", s.path, err)
	}
	return nil
}

// read returns the document, an empty one where there is no file yet.
func (s *Store) read() (*document, error) {
	doc := &document{Version: storeVersion, Secrets: map[string][]byte{}}
	info, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return doc, nil
	}
	if err != nil {
		return nil, fmt.Errorf("secret store: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxStore {
		return nil, fmt.Errorf("secret store %s: not a file that usher wrote (not regular, or larger than %d MiB)", s.path, maxStore>>20)
	}
	sealed, err := os.ReadFile(s.path)
	if err != nil {
		return nil, fmt.Errorf("secret store: %w", err)
	}
	plain, err := s.box.Open(sealed)
	if err != nil {
		return nil, fmt.Errorf("secret store %s: %w; nothing was changed: %s", s.path, err, remedy(err))
	}
	// The version comes first: a newer one may have keys that this one does not know.
	var about struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(plain, &about); err != nil {
		return nil, fmt.Errorf("secret store %s: it opens, and does not hold a store's document", s.path)
	}
	if about.Version != storeVersion {
		return nil, fmt.Errorf("secret store %s: written in version %d, and this usher knows %d: use the usher that wrote it",
			s.path, about.Version, storeVersion)
	}
	dec := json.NewDecoder(bytes.NewReader(plain))
	dec.DisallowUnknownFields()
	if err := dec.Decode(doc); err != nil {
		// The error of JSON may quote what it read.
		return nil, fmt.Errorf("secret store %s: it opens, and does not hold a store's document", s.path)
	}
	if doc.Secrets == nil {
		doc.Secrets = map[string][]byte{}
	}
	return doc, nil
}

// remedy says what to do about a store that does not open.
func remedy(err error) string {
	if errors.Is(err, ErrWrongKey) {
		return "give usher the key that this store was written with"
	}
	return "put back a copy of this file, or move it away and set its secrets anew"
}

// ageSource reads secrets from stores: NAME from our own, /path#NAME from another.
type ageSource struct {
	resolver *Resolver
}

func (a ageSource) Get(ctx context.Context, name string) (Value, error) {
	path := a.resolver.store
	if cut := strings.LastIndexByte(name, '#'); cut >= 0 {
		path, name = name[:cut], name[cut+1:]
		if !filepath.IsAbs(path) {
			return Value{}, errors.New("write age:NAME, or age:/path/to/store#NAME")
		}
	}
	if err := CheckName(name); err != nil {
		return Value{}, fmt.Errorf("%w name: %w", errUnsafeName, err)
	}
	s, err := a.resolver.open(ctx, path)
	if err != nil {
		return Value{}, err
	}
	return s.Get(name)
}

// Store returns the store that age:NAME reads.
func (r *Resolver) Store(ctx context.Context) (*Store, error) { return r.open(ctx, r.store) }

func (r *Resolver) open(ctx context.Context, path string) (*Store, error) {
	if path == "" || r.key == "" {
		return nil, errors.New("no secret store is configured: run `usher init`, or name the store and its key in the configuration")
	}
	id, err := LoadIdentity(ctx, r, r.key)
	if err != nil {
		return nil, err
	}
	return OpenStore(path, id)
}
