package main

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

func TestNoCellOfTheCSVIsAFormula(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cell, want string }{
		{"Ana", "Ana"},
		{"", ""},
		{"a=b", "a=b"},
		{"=1+1", "'=1+1"},
		{"+41 44", "'+41 44"},
		{"-1", "'-1"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"\t=1", "'\t=1"},
		{"\r=1", "'\r=1"},
		{"\n=1", "'\n=1"},
		{"  =1", "'  =1"},
		{"|calc", "'|calc"},
		{"%0A=1", "'%0A=1"},
		{"＝1+1", "'＝1+1"},
	} {
		if got := safeCell(c.cell); got != c.want {
			t.Errorf("safeCell(%q) = %q, want %q", c.cell, got, c.want)
		}
	}
}

func TestStrangersTextIsHarmlessInTablesAndCSV(t *testing.T) {
	t.Parallel()
	g := &grid{head: []string{"EMAIL", "LAST SEEN"}}
	g.add("\x1b[31mana\x1b]0;owned\x07@example.com\r\nsecond line", "=cmd|' /C calc'!A0")
	g.add("\u202egpj.exe", "x\x00y")
	var table, sheet bytes.Buffer
	if err := writeTable(&table, g); err != nil {
		t.Fatal(err)
	}
	if err := writeCSV(&sheet, g); err != nil {
		t.Fatal(err)
	}
	for name, out := range map[string]string{"table": table.String(), "csv": sheet.String()} {
		if strings.ContainsAny(out, "\x1b\x07\x00\r\u202e") {
			t.Errorf("%s lets control characters through: %q", name, out)
		}
	}
	if n := strings.Count(table.String(), "\n"); n != 3 {
		t.Errorf("the table has %d lines, want 3:\n%s", n, table.String())
	}
	rows, err := csv.NewReader(&sheet).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := rows[0][1]; got != "last_seen" {
		t.Errorf("the header is %q", got)
	}
	if got := rows[1][1]; got != "'=cmd|' /C calc'!A0" {
		t.Errorf("the formula is %q", got)
	}
}

func TestTableColumnsStandUnderOneAnother(t *testing.T) {
	t.Parallel()
	g := &grid{head: []string{"A", "B"}}
	g.add("é", "1")
	g.add("long one", "2")
	var b bytes.Buffer
	if err := writeTable(&b, g); err != nil {
		t.Fatal(err)
	}
	if want := "A         B\né         1\nlong one  2\n"; b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestACommandOverSeveralConnectionsEndsWithItsWorstResult(t *testing.T) {
	t.Parallel()
	res := func(code flows.Code) agent.Result {
		if code == "" {
			return agent.Result{Outcome: flows.Done}
		}
		return agent.Result{Code: code, Err: flows.Errorf(code, "test", "x")}
	}
	for _, c := range []struct {
		name  string
		codes []flows.Code
		want  int
	}{
		{"done everywhere", []flows.Code{"", ""}, 0},
		{"nowhere to be found", []flows.Code{flows.NotFound, flows.NotFound}, 20},
		{"done on one, not found on the other", []flows.Code{flows.NotFound, ""}, 0},
		{"not found and unreachable", []flows.Code{flows.NotFound, flows.Unavailable}, 14},
		{"done and unreachable", []flows.Code{"", flows.Unavailable}, 14},
		{"done, not found, unverified", []flows.Code{"", flows.NotFound, flows.Unverified}, 24},
		{"refused and unreachable", []flows.Code{flows.Refused, flows.Unavailable}, 14},
		{"no order at all", nil, 0},
	} {
		results := make([]agent.Result, 0, len(c.codes))
		for _, code := range c.codes {
			results = append(results, res(code))
		}
		if got := exitOf(verdict(results)); got != c.want {
			t.Errorf("%s: exit %d, want %d", c.name, got, c.want)
		}
	}
}
