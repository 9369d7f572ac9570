# The smallest kernel from which a PV guest can be built that never runs: what libxenguest asks of an ELF file's notes (Xen:
# public/elfnote.h). When it runs it keeps its CPU busy; with BLOCK defined it blocks for good.
.macro note type, text
    .long 4, 2f - 1f, \type
    .asciz "Xen"
1:  .asciz "\text"
2:  .balign 4
.endm
.macro number type, value
    .long 4, 8, \type
    .asciz "Xen"
    .quad \value
.endm
.section .note.Xen, "a", @note
    note 6, "none"        # GUEST_OS
    note 5, "xen-3.0"     # XEN_VERSION
    note 8, "generic"     # LOADER
    number 3, 0           # VIRT_BASE
    number 4, 0           # PADDR_OFFSET
    number 1, _start      # ENTRY
.text
.globl _start
_start:
.ifdef BLOCK
    mov $29, %eax       # sched_op
    mov $1, %edi        # SCHEDOP_block
    xor %esi, %esi
    syscall
.endif
    jmp _start
