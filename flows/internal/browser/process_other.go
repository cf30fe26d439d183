//go:build !linux

package browser

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// dieWithUs has no means here: a killed usher's browser is ended by the next start's sweep.
func dieWithUs(*exec.Cmd) {}

func killGroup(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill() // gone already is fine
	}
}

// born can only say that a process lives.
func born(pid int) string {
	p, err := os.FindProcess(pid)
	if err != nil {
		return ""
	}
	if runtime.GOOS != "windows" && p.Signal(syscall.Signal(0)) != nil {
		return ""
	}
	return "alive"
}

func killUsing(string) {}
