# A boot sector that proves that a guest runs here, and tells whether it is offered nested virtualisation: it writes
# 1 (no), 2 (AMD SVM) or 3 (Intel VMX) to QEMU's isa-debug-exit device, which ends QEMU with 2 * value + 1.
.code16
.globl _start
_start:
    movl $0x80000001, %eax
    cpuid
    movb $2, %al
    bt $2, %ecx
    jc 1f
    movl $1, %eax
    cpuid
    movb $3, %al
    bt $5, %ecx
    jc 1f
    movb $1, %al
1:  outb %al, $0xf4
2:  hlt
    jmp 2b
.org 510
.word 0xaa55
