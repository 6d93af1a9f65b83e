"""program_sets: files of generated programs, compiled for the devices and for the host."""

load("//bazel:hip_code_object.bzl", "hip_code_object")

# The programs pun types through memory, and a*b+c is two roundings.
_COPTS = ["-w", "-ffp-contract=off", "-fno-strict-aliasing"]

def program_sets(name, sets):
    """NAME_objects are the code objects, NAME_host is the library of the host's side.

    Args:
      name: prefix of the targets
      sets: tuples of a set's name, its first seed, how many programs, flags of the device compiler
    """
    for set_name, first, count, flags in sets:
        native.genrule(
            name = set_name + "_source",
            outs = [set_name + ".hip", set_name + ".cc"],
            cmd = "$(execpath :generate) %d %d | tee $(OUTS) > /dev/null" % (first, count),
            tools = [":generate"],
        )
        hip_code_object(
            name = set_name,
            src = set_name + ".hip",
            hdrs = ["prelude.h", "registry.h"],
            copts = _COPTS + ["-nogpuinc"] + flags,
        )
        native.cc_library(
            name = set_name + "_host",
            srcs = [set_name + ".cc"],
            # Speed is no matter here.
            copts = _COPTS + ["-O1", "-DPROGRAM_SET='\"%s\"'" % set_name],
            alwayslink = True,
            deps = [":prelude"],
        )
    native.filegroup(
        name = name + "_objects",
        srcs = [s[0] for s in sets],
    )
    native.cc_library(
        name = name + "_host",
        deps = [s[0] + "_host" for s in sets],
    )
