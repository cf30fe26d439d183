package agent

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// process says which process this is, so that another one can tell whether it is gone.
type process struct {
	host string
	boot string // the machine's start and the space its process ids live in; "" where unknown
	pid  int
	born string // "" where the system does not say
}

func thisProcess() (process, error) {
	host, err := os.Hostname()
	if err != nil {
		return process{}, fmt.Errorf("read the host's name: %w", err)
	}
	p := process{host: host, pid: os.Getpid()}
	// Two containers of one machine share its boot id and may share a name, but not their pids.
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	space, err2 := os.Readlink("/proc/self/ns/pid")
	if err == nil && err2 == nil {
		p.boot = strings.TrimSpace(string(boot)) + "/" + space
		p.born, _ = bornOf(p.pid)
	}
	return p, nil
}

// bornOf returns when the process started, in the system's own ticks; false where there is none.
func bornOf(pid int) (string, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", false
	}
	// The name is in parentheses and may hold anything; the start time is the 20th field after it.
	s := string(b)
	f := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	if len(f) < 20 || f[0] == "Z" {
		return "", false
	}
	return f[19], true
}

// gone says whether the holder of the lease is proved dead: it ran on this very machine, and either
// the machine started anew or no process has its id and its time of birth. What cannot be told is
// not gone: then only the lease's end frees the connection.
func (p process) gone(l Lease) bool {
	if p.boot == "" || l.Boot == "" || l.Host != p.host {
		return false
	}
	if l.Boot != p.boot {
		mine, _, _ := strings.Cut(p.boot, "/")
		theirs, _, _ := strings.Cut(l.Boot, "/")
		return mine != theirs
	}
	born, ok := bornOf(l.PID)
	return !ok || born != l.Born
}
