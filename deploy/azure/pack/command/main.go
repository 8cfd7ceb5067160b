// Command command packs the function apps: see package pack. `make package` runs it.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"rekey/deploy/azure/pack"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "packing:", err)
		os.Exit(1)
	}
}

// run packs the apps that the arguments name: app=function,function.
func run(args []string) error {
	flags := flag.NewFlagSet("pack", flag.ContinueOnError)
	c := pack.Config{Root: ".", Extra: map[string]string{}}
	flags.StringVar(&c.Binary, "binary", "dist/linux/rekey", "the program for linux/amd64")
	flags.StringVar(&c.Out, "out", "dist", "folder of what is made")
	flags.IntVar(&c.Regions, "vault-regions", 0, "regions of vaults beside the first")
	networks := flags.String("networks", "", "address table for detect, if the file is there")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if _, err := os.Stat(*networks); *networks != "" && err == nil {
		c.Extra["detect/"+filepath.Base(*networks)] = *networks
	}
	for _, a := range flags.Args() {
		name, functions, ok := strings.Cut(a, "=")
		if !ok {
			return fmt.Errorf("%q is not of the form app=function,function", a)
		}
		c.Apps = append(c.Apps, pack.App{Name: name, Functions: strings.Split(functions, ",")})
	}
	made, err := pack.Run(c)
	if err != nil {
		return err
	}
	fmt.Println("packed", strings.Join(made, " "), "in", c.Out)
	return nil
}
