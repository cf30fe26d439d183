package sandbox

import (
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"log"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// quiet drops what net/http would print of connections that a fault broke.
var quiet = log.New(io.Discard, "", 0)

const mostBody = 1 << 16

// Serve starts a site: the JSON API under /api, and else the files of pages, with index.html for
// every path that is none of them. It is called once for each of Config.Sites.
func (s *Server) Serve(site string, pages fs.FS) {
	mux := http.NewServeMux()
	mux.Handle("/api/", s.api(site))
	mux.Handle("/", files(pages))
	s.run(s.sites[site], s.guard(mux))
}

// guard counts a request in, so that Close waits for it, and answers for a console that is down.
func (s *Server) guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.begin() {
			return
		}
		defer s.wg.Done()
		if _, down := s.faults.strike("down", nil); down {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusServiceUnavailable)
			s.put(w, `<!doctype html><html lang="en"><head><title>Maintenance</title></head><body>`+
				`<h1>We'll be back soon</h1><p>We are down for scheduled maintenance.</p></body></html>`)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, s.mostBody())
		h.ServeHTTP(w, r)
	})
}

// mostBody bounds a request: a service may be sent a group with all its members.
func (s *Server) mostBody() int64 {
	if s.cfg.Service != nil {
		return 1 << 20
	}
	return mostBody
}

// begin says that something starts whose end Close must wait for; false: it is too late.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return false
	}
	s.wg.Add(1)
	return true
}

// wait lets time pass, as a slow console does; false: the guest or the stand-in is gone.
func (s *Server) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
	return false
}

// files serves the built page.
func files(pages fs.FS) http.Handler {
	serve := http.FileServerFS(pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy",
			"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if st, err := fs.Stat(pages, name); err != nil || st.IsDir() {
			if path.Ext(name) != "" {
				http.NotFound(w, r)
				return
			}
			r = r.Clone(r.Context())
			r.URL.Path = "/"
		}
		serve.ServeHTTP(w, r)
	})
}

// answer writes JSON; a guest that has gone is no error of the stand-in.
func (s *Server) answer(w http.ResponseWriter, status int, body any) {
	s.answerAs(w, "application/json", status, body)
}

func (s *Server) answerAs(w http.ResponseWriter, contentType string, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		s.log.fail(err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	s.put(w, string(b))
}

func (s *Server) put(w io.Writer, text string) {
	if _, err := io.WriteString(w, text); err != nil {
		return // the guest hung up
	}
}

func (s *Server) refuse(w http.ResponseWriter, p *problem) {
	p.sayWhen(w)
	s.answer(w, p.status, map[string]any{"error": p})
}

// sayWhen says when to come again, where there is a time.
func (p *problem) sayWhen(w http.ResponseWriter) {
	switch {
	case !p.by.IsZero():
		w.Header().Set("Retry-After", p.by.UTC().Format(http.TimeFormat))
	case p.retryAfter > 0:
		w.Header().Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
}

// read decodes a JSON body; what it does not know is refused, as a page of ours sends none.
func read(r *http.Request, into any) *problem {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return invalid("unreadable request: " + err.Error())
	}
	return nil
}
