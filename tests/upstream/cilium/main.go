// SPDX-License-Identifier: Apache-2.0

// Command cilium asks Cilium's own policy engine (pkg/policy of the version that go.mod names) the
// questions of folders, and compares what it says with what the library says under the profile
// cilium.
//
//	cilium [-v] FOLDER|FILE...
//
// A folder holds YAML and either `questions` (netpol_cilium --write) or `requests.jsonl` (a case).
// Folders of folders are walked. A FILE is a table of inputs (tests/unit/dialect): whether each is
// refused. It exits 1 when something differs.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

var (
	verbose = flag.Bool("v", false, "tell of every question that differs, not of the first of a folder")
	logger  = slog.New(slog.NewTextHandler(io.Discard, nil))
)

func newLineReader(text []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(text)) }

// tally counts what was compared, and why what was not compared was not.
type tally struct {
	folders, refusedByBoth, sides, differ, inputs int

	left      map[string]int
	seen      map[string]int // verdicts of upstream
	deviating map[string]int // questions by the deviations that explain them
}

func (t *tally) print() {
	fmt.Printf("note: %d folders, %d of them refused by both; %d sides and %d inputs compared, %d differ\n",
		t.folders, t.refusedByBoth, t.sides, t.inputs, t.differ)
	for _, counts := range []struct {
		title string
		of    map[string]int
	}{{"upstream said", t.seen}, {"deviates", t.deviating}, {"not compared", t.left}} {
		var names []string
		for name := range counts.of {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			fmt.Printf("note: %s: %s: %d\n", counts.title, name, counts.of[name])
		}
	}
}

// folders are the folders below root that hold questions.
func folders(root string) (out []string, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && (d.Name() == "questions" || d.Name() == "requests.jsonl") {
			out = append(out, filepath.Dir(path))
		}
		return err
	})
	return out, err
}

func main() {
	flag.Parse()
	t := &tally{left: map[string]int{}, seen: map[string]int{}, deviating: map[string]int{}}
	failed := flag.NArg() == 0
	prepare()
	for _, root := range flag.Args() {
		if strings.HasSuffix(root, ".txt") {
			if err := t.accept(root); err != nil {
				fmt.Println(err)
				failed = true
			}
			continue
		}
		list, err := folders(root)
		if err != nil {
			fmt.Println(err)
			failed = true
		}
		for _, folder := range list {
			t.folders++
			if err := t.compare(folder); err != nil {
				fmt.Printf("%s: %v\n", folder, err)
				t.differ++
			}
		}
	}
	t.print()
	if failed || t.differ > 0 || t.sides+t.inputs == 0 {
		os.Exit(1)
	}
}
