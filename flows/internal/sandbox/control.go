package sandbox

import (
	"encoding/json"
	"net/http"

	"github.com/usherhq/usher/flows"
)

// control serves the truth and the faults, on a port of its own.
func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_truth", func(w http.ResponseWriter, _ *http.Request) { s.answer(w, http.StatusOK, s.truth()) })
	mux.HandleFunc("GET /_fault", func(w http.ResponseWriter, _ *http.Request) {
		active, struck, _ := s.faults.list()
		s.answer(w, http.StatusOK, map[string]any{"active": active, "struck": struck})
	})
	mux.HandleFunc("POST /_fault", s.setFault)
	return mux
}

func (s *Server) setFault(w http.ResponseWriter, r *http.Request) {
	in := map[string]any{}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostBody)).Decode(&in); err != nil {
		http.Error(w, "a fault is a JSON object: "+err.Error(), http.StatusBadRequest)
		return
	}
	if in["name"] == "clear" {
		s.faults.clear()
		s.dir.drop(func(p *Person) bool { return p.twin })
		s.answer(w, http.StatusOK, map[string]any{"ok": true})
		return
	}
	f, err := s.faults.parse(in)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if f.Name == "duplicate_address" {
		p, ok := s.dir.find(byEmail(f.text("email", "")))
		if !ok {
			http.Error(w, "nobody has the address "+f.text("email", ""), http.StatusBadRequest)
			return
		}
		s.dir.add(Person{
			Email: p.Email, First: p.First, Last: p.Last, Roles: p.Roles, State: flows.Active,
			LastActive: p.LastActive, Workspaces: 1, twin: true, Resource: p.Resource,
		})
	}
	s.faults.set(f)
	if f.Name == "duplicate_address" {
		s.faults.strike(f.Name, nil)
	}
	s.answer(w, http.StatusOK, map[string]any{"ok": true})
}
