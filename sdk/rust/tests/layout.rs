//! The structs and constants of src/abi.rs are those of the C header: a C program that is made of their names prints what
//! the C compiler knows of them.

use kclhost::abi;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

#[test]
fn the_layout_is_the_headers() {
    let mut program = String::from("#include <kclhost/plugin.h>\n#include <stdio.h>\nint main(void) {\n");
    let mut expected = String::new();
    for (name, size, fields) in abi::layout() {
        writeln!(program, "  printf(\"{0} %zu\\n\", sizeof({0}));", name).unwrap();
        writeln!(expected, "{} {}", name, size).unwrap();
        let mut end = 0;
        for field in fields {
            assert_eq!(field.offset, end, "{}: there is a gap in front of {}", name, field.name);
            end = field.offset + field.size;
            writeln!(
                program,
                "  printf(\"{0}.{1} %zu %zu\\n\", offsetof({0}, {1}), sizeof((({0}*)0)->{1}));",
                name, field.name
            )
            .unwrap();
            writeln!(expected, "{}.{} {} {}", name, field.name, field.offset, field.size).unwrap();
        }
        assert_eq!(size, end, "{}: there is a gap at the end", name);
    }
    for (name, value) in abi::constants() {
        writeln!(program, "  printf(\"{0} %lld\\n\", (long long)KCLHOST_{0});", name).unwrap();
        writeln!(expected, "{} {}", name, value).unwrap();
    }
    writeln!(program, "  puts(KCLHOST_EXTENSION_CHECK_CONFIG);\n  puts(KCLHOST_EXTENSION_SHADOW);\n}}").unwrap();
    writeln!(expected, "{}\n{}", abi::EXTENSION_CHECK_CONFIG, abi::EXTENSION_SHADOW).unwrap();

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (source, binary) = (folder.join("layout.c"), folder.join("layout"));
    std::fs::write(&source, program).unwrap();
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_string());
    let include = concat!(env!("CARGO_MANIFEST_DIR"), "/../include");
    let compiled =
        Command::new(compiler).args(["-std=c11", "-I", include, "-o"]).arg(&binary).arg(&source).status().unwrap();
    assert!(compiled.success());
    let printed = Command::new(&binary).output().unwrap().stdout;
    assert_eq!(String::from_utf8(printed).unwrap(), expected);
}
