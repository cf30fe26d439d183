package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A family is a running usher with all its descendants: the browser, its children, and theirs. They
// are found by their parents and process groups while they live, for Chromium's children carry no
// sign of who started them.
type family struct {
	mu      sync.Mutex
	members map[member]time.Duration // CPU time as it was last seen
	groups  map[int]bool
	peak    int64
	weigh   bool // look at the memory too, which takes longer
}

// A member is a process, told from a later one with the same id by when it was born.
type member struct {
	pid  int
	born string
}

// A relative is what /proc tells of a process.
type relative struct {
	member
	parent, group int
	cpu           time.Duration
	zombie        bool
}

// founded begins a family.
func founded(pid int) *family {
	f := &family{members: map[member]time.Duration{}, groups: map[int]bool{}}
	if p, ok := relativeOf(pid); ok {
		f.members[p.member] = p.cpu
	}
	return f
}

// watch looks at the family until the founder has ended.
func (f *family) watch(ended <-chan struct{}) {
	const every = 50 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		f.look()
		select {
		case <-tick.C:
		case <-ended:
			f.look() // at those that outlive it
			return
		}
	}
}

// look takes in who was born since, and returns those that live.
func (f *family) look() (alive []member) {
	all := relatives()
	f.mu.Lock()
	defer f.mu.Unlock()
	mine := map[int]bool{}
	for _, p := range all {
		if _, ok := f.members[p.member]; ok {
			mine[p.pid] = true
		}
	}
	// Until nobody new is found: a parent may come after its child in the list.
	for more := true; more; {
		more = false
		for _, p := range all {
			if !mine[p.pid] && (mine[p.parent] || f.groups[p.group]) {
				mine[p.pid], more = true, true
			}
		}
	}
	var now int64
	for _, p := range all {
		if !mine[p.pid] {
			continue
		}
		f.members[p.member] = p.cpu
		if p.group == p.pid { // usher's own group is its parent's
			f.groups[p.group] = true
		}
		if !p.zombie {
			alive = append(alive, p.member)
		}
		if f.weigh {
			now += proportional(p.pid)
		}
	}
	f.peak = max(f.peak, now)
	return alive
}

// cpu is what all of them used, as far as it was seen.
func (f *family) cpu() (sum time.Duration, processes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, used := range f.members {
		sum += used
	}
	return sum, len(f.members)
}

// most is the most memory they held at a time, as far as it was seen.
func (f *family) most() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.peak
}

func relatives() (all []relative) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil // the pattern is a good one
	}
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if p, ok := relativeOf(pid); ok {
			all = append(all, p)
		}
	}
	return all
}

// relativeOf reads /proc/PID/stat; false where the process is gone.
func relativeOf(pid int) (p relative, ok bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return p, false
	}
	// The name in parentheses may hold anything; the fields after it are plain: state, parent, group,
	// ..., user and system time (12th and 13th), ..., time of birth (20th).
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 20 {
		return p, false
	}
	number := func(i int) int64 {
		n, err := strconv.ParseInt(f[i], 10, 64)
		ok = ok && err == nil
		return n
	}
	ok = true
	const hertz = 100 // of every Linux that Go runs on
	p = relative{
		member: member{pid, f[19]}, parent: int(number(1)), group: int(number(2)), zombie: f[0] == "Z",
		cpu: time.Duration(number(11)+number(12)) * time.Second / hertz,
	}
	return p, ok
}

// proportional returns the memory of a process, its share of what it shares (PSS), in bytes.
func proportional(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/smaps_rollup")
	if err != nil {
		return 0 // gone
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "Pss:" {
			if kb, err := strconv.ParseInt(f[1], 10, 64); err == nil {
				return kb << 10
			}
		}
	}
	return 0
}
