// Writes every protobuf file that the imported packages register to standard output, as one FileDescriptorSet in dependency order
// and without source info. imports.go, which run.ts writes beside it, imports the packages.
package main

import (
	"log"
	"os"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

func main() {
	var files []protoreflect.FileDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		files = append(files, file)
		return true
	})
	slices.SortFunc(files, func(a, b protoreflect.FileDescriptor) int { return strings.Compare(a.Path(), b.Path()) })

	set := &descriptorpb.FileDescriptorSet{}
	written := map[string]bool{}
	var write func(file protoreflect.FileDescriptor)
	write = func(file protoreflect.FileDescriptor) {
		if written[file.Path()] {
			return
		}
		written[file.Path()] = true
		imports := file.Imports()
		for i := range imports.Len() {
			write(imports.Get(i).FileDescriptor)
		}
		descriptor := protodesc.ToFileDescriptorProto(file)
		descriptor.SourceCodeInfo = nil
		set.File = append(set.File, descriptor)
	}
	for _, file := range files {
		write(file)
	}

	bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(set)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := os.Stdout.Write(bytes); err != nil {
		log.Fatal(err)
	}
}
